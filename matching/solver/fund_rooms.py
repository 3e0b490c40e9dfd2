"""What every class of payers could still charge, all from one state: a maximum flow per class in one network.

`FundFlow.room` shifts money path by path, which is quick for one class; a county of the province has hundreds of classes.
"""

from ortools.graph.python import max_flow

from matching.charging import FundFlow


def fund_rooms(flow: FundFlow) -> list[int]:
    """`flow.room` of every class, fen. Nothing is charged."""
    network, classes, plenty = max_flow.SimpleMaxFlow(), len(flow.payers), sum(flow.spare) + 1
    source, sink = classes + len(flow.spare), classes + len(flow.spare) + 1
    for fund, spare in enumerate(flow.spare):
        network.add_arc_with_capacity(classes + fund, sink, spare)
    for c, (funds, charged) in enumerate(zip(flow.payers, flow.charged, strict=True)):
        for fund in funds:
            network.add_arc_with_capacity(c, classes + fund, plenty)
        for fund, fen in charged.items():
            network.add_arc_with_capacity(classes + fund, c, fen)
    starts = [network.add_arc_with_capacity(source, c, 0) for c in range(classes)]
    found = []
    for start in starts:
        network.set_arc_capacity(start, plenty)
        if network.solve(source, sink) != network.OPTIMAL:
            raise RuntimeError("the maximum flow of the funds was not found")
        found.append(network.optimal_flow())
        network.set_arc_capacity(start, 0)
    return found
