//! Assigns a category to each application.

use super::world_builder::WorldBuilder;

/// Gives each application its category.
pub(super) fn run(site: &mut WorldBuilder<'_, '_>) {
    let mut text = String::new();
    let texts = &site.world.texts;
    for app in site.world.apps.values_mut().filter(|app| app.joined.is_none()) {
        text.clear();
        text.push_str(texts.text(app.id.namespace));
        text.push('/');
        text.push_str(texts.text(app.id.name));
        app.category = site.categories.of(&text);
    }
}
