"""What no single value can show: the semantic checks of sites and device maps.

Each module asks one question of values that already fit their forms (do all references lead
somewhere? is every bus fed? does the balance close?) and returns findings, never stops at the
first. A finding says where in the file, what is wrong with which object as drawn, and what would
be right.

Must not know: files, lines or YAML; a finding names keys, the document knows their lines.

Add here: a new question as a module of its own, a call in `site_file.py` (or `device_map.py`),
and a test that breaks a good file in the smallest way.
"""
