"""How the built-in sketch models were made: the data they saw and one command for each stage."""
