"""The training process: a subject's training in a process of its own, which gives its memory back when it ends."""
