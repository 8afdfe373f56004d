"""The 25 classes of base data (25 类基础数据), one Struct each, grouped by element.

The table that gives each its type, element, references and moves is ``schemas.classes``.
New fields get defaults, types never change, a breaking change is a new version.
"""
