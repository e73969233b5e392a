// Reports the size of this page by Vuetify 1.
import Vue from 'vue';
import Vuetify from 'vuetify1';
import { told } from './told.js';

Vue.use(Vuetify);

new Vue({
  render: (h) => h('v-app'),
  mounted() {
    told('vuetify1', this.$vuetify.breakpoint.name);
  },
}).$mount('#app');
