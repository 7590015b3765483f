"""The page: one HTML file with everything in it. Start with `run.py`, which says what is on it, then `document.py`.

`render` turns the blocks of a report into HTML, `bars`, `curve` and `hosts` draw SVG, `charts` says what uPlot draws
in the browser, `assets` are the template, the style, the script, and the bundled libraries with their licences.
"""
