"""One module for each dialect of the data-import API; `transforms.registry` finds them by themselves."""
