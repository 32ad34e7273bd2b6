-- Which messages a SIM is kept from: looked for when its modem may turn to another one.

CREATE INDEX unfit_sims_of ON unfit_sims (sim, until);
