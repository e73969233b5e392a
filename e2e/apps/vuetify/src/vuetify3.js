// Reports the size of this page by Vuetify 3.
import { createApp, h, onMounted } from 'vue';
import { createVuetify, useDisplay } from 'vuetify3';
import { VApp } from 'vuetify3/components/VApp';
import { told } from './told.js';

const page = {
  setup() {
    const { name } = useDisplay();
    onMounted(() => told('vuetify3', name.value));
    return () => h(VApp);
  },
};

createApp(page).use(createVuetify()).mount('#app');
