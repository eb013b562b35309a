"""Shared by all tests: a CPU, one thread."""

import torch

torch.set_num_threads(1)
