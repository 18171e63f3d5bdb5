"""Everything that scales beside the policy: switches, budgets, rules of the clock, HPAs, VPAs, orders."""
