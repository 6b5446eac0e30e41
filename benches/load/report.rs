//! The table: scenario, engine, ours, limit, ratio, target.

use super::Plan;

/// One line of the table.
pub struct Row {
    /// What was asked.
    pub scenario: String,
    /// On which engine.
    pub engine: &'static str,
    /// Our figure, with its unit.
    pub ours: String,
    /// The limit measured in the same run, with its unit.
    pub limit: String,
    /// Ours to the limit.
    pub ratio: String,
    /// What the project wants.
    pub target: &'static str,
}

/// All lines, printed at the end.
pub struct Table {
    head: String,
    rows: Vec<Row>,
}

impl Table {
    /// An empty table.
    pub fn new(plan: &Plan) -> Self {
        let head = format!(
            "{} users before measuring, {} s a scenario; CPU = server and database together",
            plan.users, plan.seconds
        );
        Self { head, rows: Vec::new() }
    }

    /// Adds a line and shows it at once.
    pub fn add(&mut self, row: Row) {
        eprintln!("  {} [{}]: {} ({})", row.scenario, row.engine, row.ours, row.ratio);
        self.rows.push(row);
    }

    /// Prints the table as Markdown.
    pub fn print(&self) {
        println!("{}\n", self.head);
        println!("| scenario | engine | ours | limit | ratio | target |");
        println!("|---|---|---|---|---|---|");
        for row in &self.rows {
            println!(
                "| {} | {} | {} | {} | {} | {} |",
                row.scenario, row.engine, row.ours, row.limit, row.ratio, row.target
            );
        }
    }
}
