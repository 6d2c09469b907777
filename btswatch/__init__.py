"""btswatch: watches base stations and links for a provincial telecom regulator."""

__version__ = "0.1.0"
