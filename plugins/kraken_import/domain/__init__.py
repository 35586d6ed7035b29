"""What holds whatever database or network there is: states, policies, and what must not be shown."""
