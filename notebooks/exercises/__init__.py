"""Classroom exercises: check an answer, ask for a hint, borrow the reference.

    from exercises import check, hint, reference, working

    check("3.2", my_function)    what is right, or what is wrong, where, and probably why
    hint("3.2")                  called again: the concept, the formula, nearly the code
    reference("3.2")             a working answer, so that you reach the picture all the same
    working("3.2", my_function)  yours if it is right, else the reference: for the pictures

A task is addressed by its number: lesson, dot, task. The tasks of lesson 3 stand in lesson_03.py,
the notebook that asks them is 03_inside_minigrad.ipynb, the teacher's is in source/.
"""

from .checking import NotYet, check, hint, reference, tasks, working

__all__ = ["check", "hint", "reference", "working", "tasks", "NotYet"]
