"""Runs a wave on several workers and triggerers, kills one of each, and compares every record.

`redis` finds the broker, `members` starts and kills workers and triggerers, `work` reads what each has done.
"""
