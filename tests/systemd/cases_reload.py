# SPDX-License-Identifier: MIT
"""systemctl reload."""

from systemd.service import SERVICE, SOCKET_PATH, ServiceCase, Stayers


class Reload(ServiceCase):
    def setUp(self):
        super().setUp()
        self.crowd = Stayers(self.machine.path(SOCKET_PATH), 20)
        self.addCleanup(self.crowd.end)
        self.crowd.wait_until_each_was_answered()
        self.pid = self.main_pid()

    def is_as_before(self):
        self.crowd.wait_until_each_was_answered()
        self.assertEqual(self.crowd.failures, [])
        self.assertEqual(self.main_pid(), self.pid)

    def test_no_client_is_dropped(self):
        for seconds in range(1, 6):
            self.configure("[cache]\nttl = %ds\n" % seconds)
            self.systemctl("reload", SERVICE)
            self.eventually_said("key=ttl value=%ds" % seconds)
            self.is_as_before()
        self.assertTrue(self.is_active())

    def test_a_broken_configuration_fails_visibly_and_changes_nothing(self):
        self.configure("[cache]\nttl = 5\n")
        reloaded = self.systemctl("reload", SERVICE, check=False)
        self.assertNotEqual(reloaded.returncode, 0)
        self.assertIn("check.conf:4: [cache] ttl", "\n".join(self.messages()))
        self.assertTrue(self.is_active())
        self.is_as_before()
        # Also where somebody goes past systemctl, and mended the same way.
        self.machine.run("kill", "-HUP", str(self.pid))
        self.eventually_said("configuration refused, keeping the old one")
        self.assertIn("last reload refused", self.status())
        self.configure("")
        self.systemctl("reload", SERVICE)
        self.eventually_said("reloaded")
        self.is_as_before()

    def status(self):
        return self.show("StatusText")
