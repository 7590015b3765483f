"""What a finished run has shown that its reader has to know: one module for each cause, with evidence and advice.

`of_run` is what every run says; the rest, in the table of `causes`, is said by `mmesim explain`.
"""
