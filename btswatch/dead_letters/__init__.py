"""Dead letters: what was refused or could not be handled, wherever it is kept; listed, put back, dropped."""
