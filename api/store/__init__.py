"""The API's own tables, keys and requests, with their SQL; jobs and pictures belong to the engine."""
