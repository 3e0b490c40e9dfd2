"""Policy sets: lines, rules and measures as data, with the region and the time in which they hold."""
