"""SNMP: engines, profiles, poll planning, traps."""
