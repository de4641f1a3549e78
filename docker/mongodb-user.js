// Run once, when the database is empty: the user the hub signs in as, who may do nothing outside its own database.
db.getSiblingDB("switchboard").createUser({
  user: "switchboard",
  pwd: process.env.SWITCHBOARD_PASSWORD,
  roles: [{ role: "readWrite", db: "switchboard" }],
});
