"""The engines that make or take apart pictures, one package each."""
