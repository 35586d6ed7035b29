"""The accounts of EDF GB: fields and rules of the document that its Kraken serves, and of its guide."""
