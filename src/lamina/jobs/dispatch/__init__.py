"""How agents come to hear of queued jobs: one adapter each for one machine and for many."""
