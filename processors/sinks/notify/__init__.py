"""The notifier: transitions and findings become alerts, and alerts become messages to people.

The words are Alertmanager's: a condition is pending until it has lasted, then firing, in the end resolved; an alert is
its labels' fingerprint and the time at which it starts.
"""
