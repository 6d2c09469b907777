"""The registry on disk: a directory of CSV files, XLSX in and out, credentials beside it."""

from stores.registry.load import Examined, examine, load
from stores.registry.problems import Problem, RegistryErrors, Severity

__all__ = ["Examined", "Problem", "RegistryErrors", "Severity", "examine", "load"]
