"""From the queue to the finished job: lease, paint, store, finish; cancellation, retry and draining.

It is handed a painter and does not know how it works.
"""
