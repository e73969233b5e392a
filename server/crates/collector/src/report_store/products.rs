//! Gives products a place, and takes it back when nothing of them is stored any more.

use std::collections::BTreeSet;

use sqlx::SqliteConnection;

use super::{BlockLayer, ReportStore, ledger::fold_sums};
use crate::{DEFAULT_PRODUCT, known_products::OTHER_PRODUCT};

const TAKE_PLACE: &str = "INSERT INTO product (name) VALUES (?) ON CONFLICT DO NOTHING";

/// Of a product with reports, a day was computed, or waits for that.
const FREE_PLACES: &str = "DELETE FROM product WHERE name <> ?1
    AND NOT EXISTS (SELECT 1 FROM block WHERE layer = ?2 AND block.product = product.name)
    AND NOT EXISTS (SELECT 1 FROM block WHERE layer = ?3 AND block.product = product.name)
    AND NOT EXISTS (SELECT 1 FROM changed_day WHERE changed_day.product = product.name)";

/// What is stored of a product on no day.
const DROP_ACTIVITY: &str = "DELETE FROM block WHERE layer = ? AND product <> ?
    AND NOT EXISTS (SELECT 1 FROM product WHERE product.name = block.product)";

impl ReportStore {
    /// What a report of a product counts as, without giving the product a place.
    pub(crate) fn product_label(&self, named: &str) -> String {
        self.products.label(named)
    }

    /// What a report counts as that is about to be stored. A new product gets a place while there is one.
    pub(super) async fn admit_product(
        &self,
        connection: &mut SqliteConnection,
        named: &str,
    ) -> sqlx::Result<String> {
        if self.products.is_unread() {
            self.read_products(connection).await?;
        }
        if named != OTHER_PRODUCT && self.products.take_place(named) {
            sqlx::query(TAKE_PLACE).bind(named).execute(connection).await?;
        }
        Ok(self.products.label(named))
    }

    /// Reads which products have a place.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub(super) async fn read_products(&self, connection: &mut SqliteConnection) -> sqlx::Result<()> {
        let names: Vec<String> = sqlx::query_scalar("SELECT name FROM product").fetch_all(connection).await?;
        self.products.note(BTreeSet::from_iter(names));
        Ok(())
    }

    /// Takes places back from products of which nothing is stored any more.
    pub(super) async fn free_places(&self) -> sqlx::Result<()> {
        let mut transaction = self.begin().await?;
        let free = sqlx::query(FREE_PLACES).bind(DEFAULT_PRODUCT).bind(BlockLayer::Installations.name());
        let freed = free.bind(BlockLayer::Published.name()).execute(&mut *transaction).await?.rows_affected();
        if freed > 0 {
            let drop = sqlx::query(DROP_ACTIVITY).bind(BlockLayer::Activity.name()).bind(OTHER_PRODUCT);
            drop.execute(&mut *transaction).await?;
            fold_sums(&mut transaction).await?;
            self.read_products(&mut transaction).await?;
        }
        transaction.commit().await
    }
}
