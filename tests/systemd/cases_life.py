# SPDX-License-Identifier: MIT
"""How the service starts, restarts and ends."""

from systemd.service import SERVICE, SOCKET, SOCKET_PATH, Crowd, ServiceCase


class Activation(ServiceCase):
    def test_the_first_connection_starts_the_daemon(self):
        self.assertTrue(self.is_active(SOCKET))
        self.assertEqual(self.show("ActiveState"), "inactive")
        self.assertEqual(self.here_now("lobby")["total_occupancy"], 1)
        self.assertTrue(self.is_active())
        self.assertIn("socket=" + SOCKET_PATH, "\n".join(self.messages()))

    def test_ten_restarts_refuse_no_connection_of_50_clients(self):
        crowd = Crowd(self.machine.path(SOCKET_PATH), 50)
        self.addCleanup(crowd.end)
        pids = set()
        crowd.wait_until_each_was_answered_again()
        for _ in range(10):
            pids.add(self.main_pid())
            self.systemctl("restart", SERVICE)
            crowd.wait_until_each_was_answered_again()
        pids.add(self.main_pid())
        crowd.end()
        self.assertEqual(crowd.failures, [])
        self.assertEqual(len(pids), 11, "ten restarts, eleven daemons")
        print(
            "  answered %d, sent away while ending %d, refused 0"
            % (sum(crowd.answered), crowd.sent_away)
        )
