//! Makes the rows of tables from the answers of the server.

use headcount_shared::api::{ApplicationRow, ApplicationView, InstanceRow, NodeRow, NodeView};

use super::table_rows::{CellUnit, ColumnKind, TableCell, TableColumn, TableRow};
use crate::ui::{
    page_paths::{application_page, node_page},
    texts::project_words::{self, ApplicationName, ENDED, NOT_READY, READY, USUAL_CATEGORY},
};

/// Columns with their titles and kinds, in the same order.
const fn columns<const N: usize>(titles: [&'static str; N], kinds: [ColumnKind; N]) -> [TableColumn; N] {
    let mut columns = [TableColumn { title: "", kind: ColumnKind::Texts }; N];
    let mut place = 0;
    while place < N {
        columns[place] = TableColumn { title: titles[place], kind: kinds[place] };
        place += 1;
    }
    columns
}

/// The columns of applications.
pub(super) const APPLICATION_COLUMNS: &[TableColumn] = &columns(
    project_words::APPLICATION_COLUMNS,
    [
        ColumnKind::Texts,
        ColumnKind::Statuses,
        ColumnKind::Sentences,
        ColumnKind::Texts,
        ColumnKind::Texts,
        ColumnKind::Texts,
        ColumnKind::Texts,
        ColumnKind::Numbers,
    ],
);

/// The columns of nodes.
pub(super) const NODE_COLUMNS: &[TableColumn] = &columns(
    project_words::NODE_COLUMNS,
    [
        ColumnKind::Texts,
        ColumnKind::Numbers,
        ColumnKind::Numbers,
        ColumnKind::Numbers,
        ColumnKind::Numbers,
        ColumnKind::Numbers,
        ColumnKind::Numbers,
        ColumnKind::Texts,
        ColumnKind::Texts,
    ],
);

/// The columns of the applications on a node.
pub(super) const NODE_APPLICATION_COLUMNS: &[TableColumn] = &columns(
    project_words::NODE_APPLICATION_COLUMNS,
    [ColumnKind::Texts, ColumnKind::Statuses, ColumnKind::Texts, ColumnKind::Texts, ColumnKind::Numbers],
);

/// The columns of instances.
pub(super) const INSTANCE_COLUMNS: &[TableColumn] = &columns(
    project_words::INSTANCE_COLUMNS,
    [ColumnKind::Texts, ColumnKind::Texts, ColumnKind::Texts, ColumnKind::Numbers],
);

/// The row of an application.
pub(super) fn application_row(project: &str, row: ApplicationRow) -> TableRow {
    let ApplicationName { namespace, kind, name } = ApplicationName::of(&row.id);
    let text = |text: &str| TableCell::Text(text.to_owned());
    let cells = vec![
        text(name),
        TableCell::Status(row.status),
        TableCell::Text(row.why.unwrap_or_default()),
        text(namespace),
        text(kind),
        TableCell::Text(row.category.unwrap_or_else(|| USUAL_CATEGORY.to_owned())),
        TableCell::Text(row.types.join(", ")),
        TableCell::Number(Some(row.instances as f32), CellUnit::Count),
    ];
    let link = application_page(project, &row.id);
    TableRow::new(row.id, Some(link), cells)
}

/// The row of a node.
pub(super) fn node_row(project: &str, row: NodeRow) -> TableRow {
    let cells = vec![
        TableCell::Text(row.name.clone()),
        TableCell::Number(row.cpu_percent, CellUnit::Percent),
        TableCell::Number(row.memory_percent, CellUnit::Percent),
        TableCell::Number(row.cpu_cores, CellUnit::Count),
        TableCell::Number(row.memory_bytes, CellUnit::Bytes),
        TableCell::Number(row.uptime_s, CellUnit::Seconds),
        TableCell::Number(Some(row.instances as f32), CellUnit::Count),
        TableCell::Text([row.provider, row.zone].into_iter().flatten().collect::<Vec<_>>().join(" ")),
        TableCell::Text(row.instance_type.unwrap_or_default()),
    ];
    let link = node_page(project, &row.name);
    TableRow::new(row.name, Some(link), cells)
}

/// The rows of the applications on a node.
pub(super) fn node_application_rows(project: &str, view: &NodeView) -> Vec<TableRow> {
    let rows = view.applications.iter().map(|of| {
        let ApplicationName { namespace, kind, name } = ApplicationName::of(&of.id);
        let text = |text: &str| TableCell::Text(text.to_owned());
        let cells = vec![
            text(name),
            TableCell::Status(of.status),
            text(namespace),
            text(kind),
            TableCell::Number(Some(of.instances as f32), CellUnit::Count),
        ];
        TableRow::new(of.id.clone(), Some(application_page(project, &of.id)), cells)
    });
    rows.collect()
}

/// The rows of the instances of an application.
pub(super) fn instance_rows(project: &str, view: &ApplicationView) -> Vec<TableRow> {
    let row = |of: &InstanceRow| {
        let state = match (of.is_gone, of.phase.as_deref(), of.is_ready) {
            (true, ..) => ENDED.to_owned(),
            (false, Some("Running"), Some(true)) => READY.to_owned(),
            (false, Some("Running"), _) => NOT_READY.to_owned(),
            (false, Some(phase), _) => phase.to_lowercase(),
            (false, None, _) => String::new(),
        };
        let node = match &of.node {
            Some(name) => TableCell::Link(name.clone(), node_page(project, name)),
            None => TableCell::Text(String::new()),
        };
        let cells = vec![
            TableCell::Text(of.name.clone()),
            TableCell::Text(state),
            node,
            TableCell::Number(Some(of.containers as f32), CellUnit::Count),
        ];
        TableRow::new(format!("{} {}", of.name, of.node.as_deref().unwrap_or_default()), None, cells)
    };
    view.instances.iter().map(row).collect()
}

#[cfg(test)]
mod tests {
    use headcount_shared::api::{ObservationStatus, Severity};

    use super::*;

    #[test]
    fn an_instance_leads_to_its_node_if_that_is_known() {
        let instance = |node: Option<&str>| InstanceRow {
            name: "cart-1".to_owned(),
            node: node.map(str::to_owned),
            is_gone: false,
            phase: Some("Running".to_owned()),
            is_ready: Some(true),
            containers: 2,
        };
        let view = ApplicationView {
            project: "shop".to_owned(),
            observation: ObservationStatus::default(),
            id: "shop:Deployment:cart".to_owned(),
            status: Severity::Ok,
            category: "application".to_owned(),
            types: Vec::new(),
            desired: None,
            instances: vec![instance(Some("n 1")), instance(None)],
            more_instances: 0,
            reports: Vec::new(),
        };
        let rows = instance_rows("p", &view);
        let nodes: Vec<&TableCell> = rows.iter().map(|row| &row.cells[2]).collect();
        let leading = TableCell::Link("n 1".to_owned(), "/p/p/node/n%201".to_owned());
        assert_eq!(nodes, [&leading, &TableCell::Text(String::new())]);
        assert_eq!(rows[0].cells.len(), INSTANCE_COLUMNS.len());
    }

    #[test]
    fn an_application_and_a_node_are_rows_with_their_pages() {
        let row = application_row(
            "p",
            ApplicationRow {
                id: "shop:Deployment:cart".to_owned(),
                status: Severity::Warning,
                category: None,
                types: vec!["java".to_owned(), "nginx".to_owned()],
                instances: 2,
                desired: None,
                why: None,
            },
        );
        let texts: Vec<String> = row.cells.iter().map(TableCell::text).collect();
        assert_eq!(texts, ["cart", "warning", "", "shop", "Deployment", "application", "java, nginx", "2"]);
        assert_eq!(
            (texts.len(), row.link.as_deref()),
            (APPLICATION_COLUMNS.len(), Some("/p/p/app/shop:Deployment:cart"))
        );
        let node = NodeRow {
            name: "n1".to_owned(),
            has_agent: true,
            cpu_percent: Some(12.5),
            memory_percent: None,
            cpu_cores: Some(8.0),
            memory_bytes: None,
            uptime_s: None,
            instances: 3,
            provider: Some("aws".to_owned()),
            zone: Some("eu-1a".to_owned()),
            instance_type: None,
        };
        let row = node_row("p", node);
        assert_eq!((row.cells.len(), row.cells[7].text().as_str()), (NODE_COLUMNS.len(), "aws eu-1a"));
    }
}
