"""mvd: microvessel density from stained slides. (the pipeline's docstring follows)"""

__version__ = "0.1.0"
