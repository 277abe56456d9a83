"""Code that only benchmarks, tests and the training of nano use; the wheel does not contain it."""
