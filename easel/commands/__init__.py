"""One file per command: `easel/app.py` and its `*_app.py` declare it with its options, the file here runs it.

`easel bot`, `easel engine` and `easel sandbox` are in `easel/serve.py`, and `easel doctor` is in `easel/doctor/`.
"""
