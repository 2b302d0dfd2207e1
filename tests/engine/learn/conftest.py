"""What the tests of learning share."""

from __future__ import annotations

import torch

# Tiny models gain nothing from a second thread, and waiting for it on a busy machine takes most of their time.
torch.set_num_threads(1)
