"""How nano, the small model in the package, is made and measured: its drawings, training and scores."""
