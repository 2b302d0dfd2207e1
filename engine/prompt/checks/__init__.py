"""What a model and the service support, compared with what a prompt or a stored spec asks for.

- `capabilities`: while parsing a prompt
- `sizes`, `steps`: the size and the number of steps that a job comes to
- `outdated`: whether a stored spec is still supported
- `notes`: what is painted all the same, but not as the member may expect
- `operations`: which parameters an operation keeps
- `followups`: the spec of a new job that is based on an old one
"""
