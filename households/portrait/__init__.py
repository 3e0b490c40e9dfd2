"""The portrait 精准画像: from facts about a household to its category, types, risk tier and measures, each with what made it."""
