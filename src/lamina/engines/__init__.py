"""Takes pictures apart, makes them and changes them: one package for each engine."""
