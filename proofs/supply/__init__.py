"""What is delivered besides our own code, and how a receiver knows that it is what we delivered.

`leaks` looks for secrets in the tracked files, `licences` holds what production installs against a list,
`bill` writes what is in it, `vulnerabilities` asks about every lock, and `signing` signs a release.
"""
