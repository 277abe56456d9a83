"""What every operation of the service needs: the stores, the dispatcher, the limits, signals."""
