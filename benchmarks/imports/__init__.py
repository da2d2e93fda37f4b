"""Mutated files given to every reader: none may end in a traceback, none be taken for something else.

``python -m benchmarks.imports --cases 1000 --seed 0`` runs the generators of the modules beside this
one: each module with a function ``cases`` is found by itself. A generator states what is right for each
file that it makes, by a rule of its own or by an independent reader; it does not ask maxstim.
"""
