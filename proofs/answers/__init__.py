"""The contract of answers: no input from outside ends a parser by an exception that is not its own.

`table` lists every parser with the damage that it is given and what must still hold; `contract` puts
it to the test. `make answers` does so with 100,000 inputs.
"""
