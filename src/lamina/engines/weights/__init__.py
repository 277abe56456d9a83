"""Where the weights of models are, whether they are whole, and how they come here; without torch."""
