// Reports the size of this page by Vuetify 2.
import Vue from 'vue';
import Vuetify from 'vuetify2';
import { told } from './told.js';

Vue.use(Vuetify);

new Vue({
  vuetify: new Vuetify(),
  render: (h) => h('v-app'),
  mounted() {
    told('vuetify2', this.$vuetify.breakpoint.name);
  },
}).$mount('#app');
