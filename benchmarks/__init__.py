"""What `make bench` runs: one module per question, each with `async def run(stage)` that yields figures.

A figure stands beside its limit, or beside a bare peer measured in the same run in turns, as a ratio: machines are
noisy, and only what was measured together can be compared. Nothing here is imported by the hub.
"""
