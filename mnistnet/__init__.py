"""mnistnet reads handwritten digits with a neural network one can understand."""

__version__ = "0.1.0"
