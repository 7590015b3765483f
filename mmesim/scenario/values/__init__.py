"""What fields are made of: quantities with units, times that vary, one of several forms."""
