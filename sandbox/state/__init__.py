"""The state of the local Discord: records, ids, links, files, clock, rate limits, API errors and injected faults."""
