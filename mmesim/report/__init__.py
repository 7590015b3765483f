"""Results for people. `content` says what a report holds, as `blocks`; `text` and `markdown` render any report.

Also here: `plots` (pictures), `page` (one HTML file of all of it), `metrics` (CloudWatch's words), `ci` (what CI
systems read of a gate), `progress` (how far a command is), `formats` (figures as text) and `phrases` (words that
several reports share). Start with `blocks`, then `content/run.py`.
"""
