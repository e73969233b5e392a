// Reports the size of this page by Vuetify 4.
import { createApp, h, onMounted } from 'vue';
import { createVuetify, useDisplay } from 'vuetify4';
import { VApp } from 'vuetify4/components/VApp';
import { told } from './told.js';

const page = {
  setup() {
    const { name } = useDisplay();
    onMounted(() => told('vuetify4', name.value));
    return () => h(VApp);
  },
};

createApp(page).use(createVuetify()).mount('#app');
