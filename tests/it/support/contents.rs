//! Everything that a database holds, cell by cell, for tests that look for what must not be there.

use sqlx::{AssertSqlSafe, Connection, PgConnection, Row, SqliteConnection};

use super::database::Database;

/// One cell of one row.
#[derive(Clone, Debug)]
pub struct Cell {
    /// Table and column: `users.email`.
    pub place: String,
    /// What it holds.
    pub bytes: Vec<u8>,
}

impl Cell {
    /// Whether it holds a text, in whatever letter case.
    pub fn holds(&self, text: &str) -> bool {
        let (text, bytes) = (text.to_lowercase(), String::from_utf8_lossy(&self.bytes));
        bytes.to_lowercase().contains(&text)
    }
}

impl Database {
    /// Every cell that is not null.
    pub async fn cells(&self) -> Vec<Cell> {
        match self {
            Self::Sqlite { .. } => sqlite(&self.url()).await,
            Self::Postgres { .. } => postgres(&self.url()).await,
        }
    }

    /// Rows of the outbox, but for notices: mail that nobody's next step waits for.
    pub async fn undone(&self) -> i64 {
        let sql = "select count(*) from outbox where not (kind = 'mail' and key = 'notice')";
        match self {
            Self::Sqlite { .. } => {
                let mut conn = SqliteConnection::connect(&self.url()).await.unwrap();
                sqlx::query_scalar(sql).fetch_one(&mut conn).await.unwrap()
            }
            Self::Postgres { .. } => {
                let mut conn = PgConnection::connect(&self.url()).await.unwrap();
                sqlx::query_scalar(sql).fetch_one(&mut conn).await.unwrap()
            }
        }
    }
}

async fn sqlite(url: &str) -> Vec<Cell> {
    let mut conn = SqliteConnection::connect(url).await.unwrap();
    let columns = "select m.name, c.name from sqlite_master m join pragma_table_info(m.name) c
        where m.type = 'table' and m.name not like 'sqlite_%' and m.name not like '_sqlx%'";
    let columns: Vec<(String, String)> =
        sqlx::query_as(columns).fetch_all(&mut conn).await.unwrap();
    let mut cells = Vec::new();
    for (table, column) in columns {
        let sql = format!(
            "select cast(\"{column}\" as blob) from \"{table}\" where \"{column}\" is not null"
        );
        let rows = sqlx::query(AssertSqlSafe(sql)).fetch_all(&mut conn).await.unwrap();
        cells.extend(rows.iter().map(|row| cell(&table, &column, row.get(0))));
    }
    conn.close().await.unwrap();
    cells
}

async fn postgres(url: &str) -> Vec<Cell> {
    let mut conn = PgConnection::connect(url).await.unwrap();
    let columns = "select table_name::text, column_name::text, data_type::text
        from information_schema.columns
        where table_schema = 'public' and table_name not like '\\_sqlx%'";
    let columns: Vec<(String, String, String)> =
        sqlx::query_as(columns).fetch_all(&mut conn).await.unwrap();
    let mut cells = Vec::new();
    for (table, column, kind) in columns {
        let value = match kind.as_str() {
            "bytea" => format!("\"{column}\""),
            _ => format!("convert_to(\"{column}\"::text, 'UTF8')"),
        };
        let sql = format!("select {value} from \"{table}\" where \"{column}\" is not null");
        let rows = sqlx::query(AssertSqlSafe(sql)).fetch_all(&mut conn).await.unwrap();
        cells.extend(rows.iter().map(|row| cell(&table, &column, row.get(0))));
    }
    conn.close().await.unwrap();
    cells
}

fn cell(table: &str, column: &str, bytes: Vec<u8>) -> Cell {
    Cell { place: format!("{table}.{column}"), bytes }
}
