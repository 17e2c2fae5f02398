"""The Strategy base class, strategy files and the classes Podium adapts."""
