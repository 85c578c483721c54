"""The whole table of what minigrad costs: python tests/benchmarks"""

import engine_cost
import loss_cost
import step_cost

step_cost.main()
print()
engine_cost.main()
print()
loss_cost.main()
