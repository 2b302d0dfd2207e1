"""What a model and the service support, compared with what a prompt or a stored spec asks for.

- `capabilities`: while parsing a prompt
- `sizes`, `steps`: the size and the number of steps that a job comes to
- `outdated`: whether a stored spec is still supported
- `operations`: which parameters an operation keeps
- `followups`: the spec of a new job that is based on an old one
"""
